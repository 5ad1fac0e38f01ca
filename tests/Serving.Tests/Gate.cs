using SparkTrain.Generation;

namespace SparkTrain.Serving.Tests;

/// <summary>Holds a decoder before every step, until a test lets it go on.</summary>
internal sealed class Gate : IDisposable
{
    private readonly SemaphoreSlim passes = new(0), arrivals = new(0);
    private volatile bool isOpen, isSlow;
    private bool hasArrived;

    public Gate(FakeDecoder decoder)
    {
        Action<IReadOnlyList<NewTokens>> before = decoder.Before;
        decoder.Before = batch =>
        {
            if (!isOpen)
            {
                arrivals.Release();
                passes.Wait();
            }
            if (isSlow) Thread.Sleep(5);
            before(batch);
        };
    }

    /// <summary>Waits until the decoder stands before a step.</summary>
    public void WaitUntilClosed()
    {
        if (!hasArrived) Assert.True(arrivals.Wait(TimeSpan.FromSeconds(10)), "no step begins");
        hasArrived = true;
    }

    /// <summary>Lets steps pass, and waits until the decoder stands before the next one.</summary>
    public void Step(int count)
    {
        for (int i = 0; i < count; i++)
        {
            WaitUntilClosed();
            hasArrived = false;
            passes.Release();
            WaitUntilClosed();
        }
    }

    /// <summary>Holds nothing any more.</summary>
    public void Open()
    {
        isOpen = true;
        passes.Release(1000);
    }

    /// <summary>Lets all steps pass, each after a while.</summary>
    public void Slow()
    {
        isSlow = true;
        Open();
    }

    public void Dispose()
    {
        if (!isOpen) Open();
    }
}
