"""What a program tells without being run: its equations, kernels, copies, collectives, and bytes that it must move."""
