using SparkTrain.Launcher;

return CommandLine.Run(args, Terminal.OfThisProcess());
