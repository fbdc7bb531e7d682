"""Links, the parts that optimizers are made of."""
