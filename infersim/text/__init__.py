"""The figures of a run for people: labelled sentences, laid out for a terminal or a notebook."""
