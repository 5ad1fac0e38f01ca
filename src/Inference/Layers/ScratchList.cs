namespace SparkTrain.Inference;

/// <summary>Room for a thread's list of places and the numbers beside it.</summary>
internal sealed unsafe class ScratchList : IDisposable
{
    private int[] places = [];
    private NativeBlock numbers = new(1);

    /// <summary>Numbers beside the list: two rows of at least its length.</summary>
    public FloatRows Numbers => new(numbers.Floats, places.Length);

    /// <summary>Returns a list of so many places, of undefined contents.</summary>
    public Span<int> Reserve(int count)
    {
        if (places.Length < count)
        {
            places = new int[DecodeLimits.Padded(count + count / 2)];
            numbers.Dispose();
            numbers = new NativeBlock(2L * places.Length * sizeof(float));
        }
        return places.AsSpan(0, count);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => numbers.Dispose();
}
