"""Real data: small data sets that scikit-learn ships, or that are made here, and models that are trained on them."""
