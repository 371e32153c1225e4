"""Machine proofs and checks of the laws; the registry and its entries come with the derivations."""
