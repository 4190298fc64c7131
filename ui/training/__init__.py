"""Over training: parameters and activations over the passes of a run."""
