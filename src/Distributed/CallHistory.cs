namespace SparkTrain.Distributed;

/// <summary>A collective call.</summary>
/// <param name="Operation">What is done.</param>
/// <param name="Memory">Name of the memory it is done to, or nothing.</param>
/// <param name="Range">The part of the memory.</param>
internal readonly record struct CollectiveCall(string Operation, string Memory, FlatRange Range)
{
    /// <summary>Names the call in messages.</summary>
    public override string ToString() => Memory.Length == 0 ? Operation : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Operation} of {Memory} [{Range.Begin}..{Range.End})");
}

/// <summary>A number that stands for the sequence of collective calls so far: ranks that went different ways have different ones.</summary>
internal sealed class CallHistory
{
    private const ulong ExactInDouble = (1UL << 53) - 1;
    private const ulong FnvOffset = 14695981039346656037, FnvPrime = 1099511628211;

    private ulong hash = FnvOffset;

    /// <summary>Calls so far.</summary>
    public long Calls { get; private set; }

    /// <summary>The number: exact as a double, and never 0.</summary>
    public double Value => Math.Max(1, hash & ExactInDouble);

    /// <summary>Adds a call (FNV-1a).</summary>
    public void Add(CollectiveCall call)
    {
        Calls++;
        foreach (char letter in call.Operation) Add(letter);
        foreach (char letter in call.Memory) Add(letter);
        Add((ulong)call.Range.Begin);
        Add((ulong)call.Range.Count);
    }

    private void Add(ulong value) => hash = (hash ^ value) * FnvPrime;
}
