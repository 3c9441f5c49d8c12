"""The substitution language of Octopus: ``#{Name}``, filters, conditions, loops, sums; read, evaluated, explained."""
