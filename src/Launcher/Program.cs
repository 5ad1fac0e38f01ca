using SparkTrain.Input;
using SparkTrain.Launcher;

ProgramCulture.MakeInvariant();
return CommandLine.Run(args, Terminal.OfThisProcess());
