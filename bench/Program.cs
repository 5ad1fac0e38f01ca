using SparkTrain.Bench;

// dotnet run -c Release --project bench -- kernels [threads] [rounds] [name part]
// dotnet run -c Release --project bench -- train-step [threads] [rounds]
return args switch
{
    ["kernels", .. var rest] => KernelBench.Run(rest),
    ["train-step", .. var rest] => TrainStepBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bench kernels [threads = all cores] [rounds = 7] [part of a name]\n       bench train-step [threads = all cores] [rounds = 7]");
    return 2;
}
