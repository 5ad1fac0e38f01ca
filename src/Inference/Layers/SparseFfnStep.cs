using System.Numerics;
using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>
/// A feed-forward network some of whose neurons are left out (paper eq. 5 and C.2, and ReLU kinds): y = Σ over active neurons of σ(score) (K2 · q) V. All neurons are scored; of the active ones
/// K2 and V are read, each row once for all tokens of the step that it is active for.
/// </summary>
internal sealed unsafe class SparseFfnStep(PackedLayer layer, ModelConfig config, int index, ScratchList[] scratch)
{
    // Shapes: R tokens of a step, D model, F hidden, P pieces.

    private const int Pieces = DecodeLimits.FfnPieces, Lanes = VectorMath.Lanes;

    private readonly FfnConfig ffn = layer.Ffn;
    private readonly NeuronGate gate = new(layer.Ffn, config.TopkStdCorrection, config.TopkSelector);

    /// <summary>Scores the neurons of a thread's pieces.</summary>
    public void Score(DecodeStep step, int thread)
    {
        var (buffers, rows) = (step.Buffers, step.Rows.Count);
        var (first, end) = step.Team.Share(thread, Pieces);
        for (int piece = first; piece < end; piece++)
        {
            var (firstPanel, endPanel) = Panels(piece);
            layer.K1.Multiply(firstPanel, endPanel, buffers.N_RD, rows, buffers.S_RF);
            if (!gate.NeedsStatistics) continue;
            var (firstNeuron, endNeuron) = Neurons(piece);
            for (int row = 0; row < rows; row++)
                PieceStatistics.Take(buffers.S_RF[row] + firstNeuron, endNeuron - firstNeuron, buffers.Statistics_RP3 + (row * Pieces + piece) * PieceStatistics.Numbers);
        }
    }

    /// <summary>Runs the active neurons of a thread's pieces.</summary>
    public void Run(DecodeStep step, int thread)
    {
        var (buffers, rows) = (step.Buffers, step.Rows.Count);
        var (first, end) = step.Team.Share(thread, Pieces);
        Span<double> thresholds = stackalloc double[DecodeLimits.MaxRows];
        for (int row = 0; row < rows; row++) thresholds[row] = gate.Threshold(buffers.S_RF[row], buffers.Statistics_RP3 + row * Pieces * PieceStatistics.Numbers);
        // The exact selector reads whole rows, which the pieces write over.
        if (gate.ReadsWholeRows) step.Team.Meet();
        for (int piece = first; piece < end; piece++)
        {
            var sums = buffers.Sums_PRD.Skip((long)piece * DecodeLimits.MaxRows);
            for (int row = 0; row < rows; row++) new Span<float>(sums[row], DecodeLimits.Padded(config.DModel)).Clear();
            var list = Select(step, piece, thresholds, scratch[thread]);
            layer.Neurons!.Run(list, buffers.Active_F, buffers.N_RD.From(config.DModel - layer.KeyWidth), buffers.S_RF, sums);
        }
    }

    /// <summary>Adds up the pieces, in their order, for a thread's share of the columns.</summary>
    public void Add(DecodeStep step, int thread)
    {
        var (first, end) = step.Team.Share(thread, DecodeLimits.Padded(config.DModel) / Lanes);
        for (int row = 0; row < step.Rows.Count; row++)
            for (int column = first * Lanes; column < end * Lanes; column += Lanes)
            {
                var sum = Vector512.Load(step.Buffers.Sums_PRD[row] + column);
                for (int piece = 1; piece < Pieces; piece++) sum += Vector512.Load(step.Buffers.Sums_PRD[(long)piece * DecodeLimits.MaxRows + row] + column);
                sum.Store(step.Buffers.Y_RD[row] + column);
            }
    }

    // The neurons of a piece that are active for any token, which ones in their masks, and what they are activated by in place of their scores.
    private ReadOnlySpan<int> Select(DecodeStep step, int piece, ReadOnlySpan<double> thresholds, ScratchList list)
    {
        var (first, end) = Neurons(piece);
        ulong* active = step.Buffers.Active_F;
        new Span<ulong>(active + first, end - first).Clear();
        for (int row = 0; row < step.Rows.Count; row++)
        {
            float* scores = step.Buffers.S_RF[row];
            int count = 0;
            for (int neuron = first; neuron < end; neuron += Lanes)
            {
                uint mask = gate.Activate(scores + neuron, thresholds[row]);
                if (end - neuron < Lanes) mask &= (1u << end - neuron) - 1;
                count += BitOperations.PopCount(mask);
                for (; mask != 0; mask &= mask - 1) active[neuron + BitOperations.TrailingZeroCount(mask)] |= 1ul << row;
            }
            step.Activity?.Layers[index].AddActive(row, count);
        }
        int length = 0;
        Span<int> neurons = list.Reserve(end - first);
        for (int neuron = first; neuron < end; neuron++)
            if (active[neuron] != 0) neurons[length++] = neuron;
        step.Activity?.Layers[index].AddUnion(length);
        if (step.IsSparse) return neurons[..length];
        for (int neuron = first; neuron < end; neuron++)
        {
            for (int row = 0; row < step.Rows.Count; row++)
                if ((active[neuron] >> row & 1) == 0) step.Buffers.S_RF[row][neuron] = 0;
            (neurons[neuron - first], active[neuron]) = (neuron, ulong.MaxValue >> 64 - step.Rows.Count);
        }
        return neurons;
    }

    private (int First, int End) Panels(int piece) => ((int)((long)layer.K1.Panels * piece / Pieces), (int)((long)layer.K1.Panels * (piece + 1) / Pieces));

    private (int First, int End) Neurons(int piece)
    {
        var (first, end) = Panels(piece);
        return (Math.Min(ffn.DFf, first * PanelMatrix.PanelRows), Math.Min(ffn.DFf, end * PanelMatrix.PanelRows));
    }
}
