"""What all studies of trained networks share: configuration, training in one program, and what is measured of a network."""
