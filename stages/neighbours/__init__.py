"""The library of neighbours: the perturbations, and what renders a neighbour when it is heard."""
