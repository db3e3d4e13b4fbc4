"""What is done with a model: data, steps, loops, callbacks."""
