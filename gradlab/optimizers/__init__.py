"""The optimizers. Each is a recipe, which composes links, such as momentum and weight decay, to a chain."""
