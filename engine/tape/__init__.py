"""The recording of a run: recorder, tape, replay and the `.tape` file; numpy and stdlib only."""
