namespace SparkTrain.Model.Tests;

/// <summary>Runs a class of tests on one thread: thousands of tiny operations lose more by waking a second one than they win.</summary>
public sealed class OneThread : IDisposable
{
    private readonly int before = get_num_threads();

    public OneThread() => set_num_threads(1);

    public void Dispose() => set_num_threads(before);
}
