using System.Numerics;
using System.Runtime.InteropServices;
using SparkTrain.Checkpoints;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>This rank's part of the training state as it is written to a checkpoint: a copy in host memory, which stays as it is while training goes on, or the state itself.</summary>
internal sealed unsafe class Snapshot : IDisposable
{
    private readonly TrainState state;
    private readonly Tensor? copy;
    private readonly TensorMemory memory = new();

    /// <summary>Makes room for the copy, so that the first save need not wait for memory.</summary>
    /// <param name="state">The training state.</param>
    /// <param name="copies">False gives out the state itself where it is in host memory: training must then wait until it is written.</param>
    public Snapshot(TrainState state, bool copies)
    {
        this.state = state;
        if (!copies && DeviceMemory.IsHost(state.Weights.device)) return;
        copy = zeros(state.Saved(state.Shards).Sum(part => part.Range.Count)).DetachFromDisposeScope();
        // Zeroed memory is not there until it is written to.
        copy.fill_(1).zero_();
    }

    /// <summary>Copies the state.</summary>
    public void Take()
    {
        if (copy is null) return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long at = 0;
        foreach (var part in state.Saved(state.Shards))
        {
            copy.narrow(0, at, part.Range.Count).copy_(part.Values);
            at += part.Range.Count;
        }
    }

    /// <summary>The pieces of tensors with the addresses of their values, which are valid until this is disposed.</summary>
    public IReadOnlyList<(TensorPiece Piece, nint Values)> Pieces()
    {
        using var scope = NewDisposeScope();
        memory.Dispose(); // what the save before gave out
        List<(TensorPiece, nint)> pieces = [];
        float* next = copy is null ? null : memory.Float32(copy);
        foreach (var part in state.Saved(state.Shards))
        {
            float* values = next is null ? memory.Float32(part.Values) : next;
            foreach (var (parameter, range) in state.Layout.In(part.Range))
                pieces.Add((TrainState.Piece(part.Prefix, parameter, range), (nint)(values + (range.Begin - part.Range.Begin))));
            if (next is not null) next += part.Range.Count;
        }
        return pieces;
    }

    /// <summary>Gives out the address of a piece's values.</summary>
    /// <exception cref="NotFiniteNumberException">One of them is not finite; the message is the tensor's name.</exception>
    public static byte* Finite(TensorPiece piece, nint values)
    {
        for (long at = 0; at < piece.Count; at += int.MaxValue)
            if (HasNonFinite(new((float*)values + at, (int)Math.Min(int.MaxValue, piece.Count - at)))) throw new NotFiniteNumberException(piece.Name);
        return (byte*)values;
    }

    /// <summary>Frees the copy.</summary>
    public void Dispose()
    {
        memory.Dispose();
        copy?.Dispose();
    }

    // A number is not finite where all bits of its exponent are set.
    private static bool HasNonFinite(ReadOnlySpan<float> values)
    {
        const uint Exponent = 0x7F80_0000;
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var vectors = MemoryMarshal.Cast<uint, Vector<uint>>(bits);
        var (exponent, found) = (new Vector<uint>(Exponent), Vector<uint>.Zero);
        foreach (var vector in vectors) found |= Vector.Equals(vector & exponent, exponent);
        if (found != Vector<uint>.Zero) return true;
        foreach (uint last in bits[(vectors.Length * Vector<uint>.Count)..])
            if ((last & Exponent) == Exponent) return true;
        return false;
    }
}
