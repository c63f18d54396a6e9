"""From a traffic class's spec to its requests: arrival times, prompt and output lengths."""
