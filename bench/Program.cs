using SparkTrain.Bench;

// dotnet run -c Release --project bench -- kernels [threads] [rounds] [name part]
return args switch
{
    ["kernels", .. var rest] => KernelBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bench kernels [threads = all cores] [rounds = 7] [part of a name]");
    return 2;
}
