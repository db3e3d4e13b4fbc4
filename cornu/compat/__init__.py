"""Keras code of every era, served from cornu."""
