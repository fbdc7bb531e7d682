"""Workers: processes with one thread each, which compute the blocks of a study on a CPU.

They leave what they compute in the folder of the study. The command itself collects it there, and computes what is
missing."""
