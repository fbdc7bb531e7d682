"""Problems with real data: small data sets from scikit-learn, and the models that are trained on them."""
