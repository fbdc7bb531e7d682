"""Problems that are each made to show one phenomenon."""
