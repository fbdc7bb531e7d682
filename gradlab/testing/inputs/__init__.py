"""The trees of parameters and the gradient sequences on which transformations are examined."""
