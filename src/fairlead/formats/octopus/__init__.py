"""A project of Octopus as it lies in its repository, made into files of Fairlead; with a report, line by line."""
