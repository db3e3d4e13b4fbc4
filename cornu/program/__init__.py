"""The one thing that engines execute: a traced, checked, flat program of few primitives."""
