"""What the ports are made of: stores, file formats, the clock, documents."""
