"""The experiments on gradient descent with momentum."""
