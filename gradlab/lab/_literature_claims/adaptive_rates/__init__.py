"""The experiments on Adagrad, RMSProp, Adadelta and sign descent: rates that adapt to each parameter."""
