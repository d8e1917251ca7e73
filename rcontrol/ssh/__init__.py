"""One persistent SSH connection to a node: the only code that imports paramiko."""
