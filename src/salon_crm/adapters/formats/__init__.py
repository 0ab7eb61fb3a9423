"""The file formats customers come in and go out by."""
