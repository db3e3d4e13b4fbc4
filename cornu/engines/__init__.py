"""What runs programs: one file per engine. Engines know primitives, and nothing of layers."""
