"""Pictures of what `gradlab.lab.analysis.statistics` computes, one function for each."""
