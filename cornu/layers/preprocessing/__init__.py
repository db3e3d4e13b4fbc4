"""Layers that prepare data: numbers, categories, text, images, and random changes of images in training."""
