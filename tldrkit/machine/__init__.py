"""What this machine has and how it is used: devices, number formats, processor threads, memory, processes."""
