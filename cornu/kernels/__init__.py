"""Where the computational choice is made: convolution and pooling, one function each, for layers and operations."""
