namespace SparkTrain.ModelFormat;

/// <summary>A tensor in the files of a family: a weight as it is, or several stacked along their first dimension, or such a matrix turned.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parts">The weights that it holds, in their order.</param>
/// <param name="IsTransposed">True where files hold a matrix as [in, out].</param>
public sealed unsafe record FileTensor(string Name, IReadOnlyList<WeightSlot> Parts, bool IsTransposed = false)
{
    /// <summary>A tensor that is one weight, under a name of its own or the weight's.</summary>
    public static FileTensor Of(WeightSlot slot, string? name = null) => new(name ?? slot.Name, [slot]);

    /// <summary>Sizes in the files, outermost first.</summary>
    public long[] Shape { get; } = IsTransposed ? [Parts[0].Shape[1], Parts.Sum(part => part.Shape[0])] : [Parts.Sum(part => part.Shape[0]), .. Parts[0].Shape[1..]];

    /// <summary>True where it is one weight as it is.</summary>
    public bool IsWeight => Parts.Count == 1 && !IsTransposed;

    private long Rows => Parts.Sum(part => part.Shape[0]);

    /// <summary>Number of values before those of a part, where they lie in order.</summary>
    public long OffsetOf(WeightSlot part) => Parts.TakeWhile(other => other.Name != part.Name).Sum(other => other.Count);

    /// <summary>Copies a part out of a transposed tensor.</summary>
    /// <param name="stored">The tensor's first value.</param>
    /// <param name="size">Bytes of a value: 2 or 4.</param>
    /// <param name="part">The part.</param>
    /// <param name="target">Receives its values.</param>
    public void Extract(byte* stored, int size, WeightSlot part, byte* target) => Move(stored, size, part, target, isInto: false);

    /// <summary>Copies a part into a tensor.</summary>
    /// <param name="stored">The tensor's first value.</param>
    /// <param name="size">Bytes of a value: 2 or 4.</param>
    /// <param name="part">The part.</param>
    /// <param name="source">Its values.</param>
    public void Insert(byte* stored, int size, WeightSlot part, byte* source) => Move(stored, size, part, source, isInto: true);

    private void Move(byte* stored, int size, WeightSlot part, byte* values, bool isInto)
    {
        if (!IsTransposed)
        {
            byte* place = stored + OffsetOf(part) * size;
            Buffer.MemoryCopy(isInto ? values : place, isInto ? place : values, part.Count * size, part.Count * size);
            return;
        }
        long firstRow = Parts.TakeWhile(other => other.Name != part.Name).Sum(other => other.Shape[0]), rows = Rows, outputs = part.Shape[0], inputs = part.Shape[1];
        for (long i = 0; i < inputs; i++)
            for (long o = 0; o < outputs; o++)
            {
                byte* place = stored + (i * rows + firstRow + o) * size, value = values + (o * inputs + i) * size;
                if (size == sizeof(float)) *(uint*)(isInto ? place : value) = *(uint*)(isInto ? value : place);
                else *(ushort*)(isInto ? place : value) = *(ushort*)(isInto ? value : place);
            }
    }
}
