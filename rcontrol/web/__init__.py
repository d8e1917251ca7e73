"""The Starlette front end."""
