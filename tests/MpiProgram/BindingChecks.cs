namespace SparkTrain.MpiProgram;
internal static class BindingChecks { public static void Run(SparkTrain.Distributed.LauncherEnvironment launcher) => throw new CheckFailedException(launcher.ToString()); }
