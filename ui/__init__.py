"""Widgets: plain values in, signals out; they read tapes and never run code."""
