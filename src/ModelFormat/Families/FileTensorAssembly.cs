using System.Runtime.InteropServices;

namespace SparkTrain.ModelFormat;

/// <summary>Puts the tensors of a family's files together from weights, one at a time.</summary>
internal sealed unsafe class FileTensorAssembly : IDisposable
{
    private readonly WeightConversion weights;
    private byte* values;

    /// <summary>Reserves memory for the largest tensor that is not just a weight.</summary>
    public FileTensorAssembly(WeightConversion weights, IReadOnlyList<FileTensor> files)
    {
        this.weights = weights;
        long largest = files.Where(file => !file.IsWeight).Select(file => file.Parts.Sum(part => part.Count)).DefaultIfEmpty().Max();
        if (largest > 0) values = (byte*)NativeMemory.Alloc(checked((nuint)largest * sizeof(float)));
    }

    /// <summary>Returns the address of a tensor's values, valid until the next call.</summary>
    public byte* Read(FileTensor file)
    {
        if (file.IsWeight) return weights.Read(file.Parts[0]);
        foreach (var part in file.Parts) file.Insert(values, weights.TypeOf(part).Size(), part, weights.Read(part));
        return values;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.Free(values);
        values = null;
    }
}
