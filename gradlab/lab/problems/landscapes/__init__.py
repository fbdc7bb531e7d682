"""Problems of two parameters, on which the path of an optimizer can be drawn."""
