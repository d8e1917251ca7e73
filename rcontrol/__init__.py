"""rcontrol: a render farm controller that needs nothing on its nodes but SSH and a renderer."""
