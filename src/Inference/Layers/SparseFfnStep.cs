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

    private const int Pieces = DecodeLimits.FfnPieces, ScorePieces = DecodeLimits.FfnScorePieces, Lanes = VectorMath.Lanes;

    private readonly FfnConfig ffn = layer.Ffn;
    private readonly NeuronGate gate = NeuronGate.Of(layer.Ffn, config.TopkStdCorrection, config.TopkSelector);

    /// <summary>Scores the neurons.</summary>
    public void Score(DecodeStep step)
    {
        var (buffers, rows) = (step.Buffers, step.Rows.Count);
        while (step.Team.Claim(ScorePieces, out int first, out int end))
            for (int piece = first; piece < end; piece++)
            {
                layer.K1.Multiply(Panel(piece, ScorePieces), Panel(piece + 1, ScorePieces), buffers.N_RD, rows, buffers.S_RF);
                if (!gate.NeedsStatistics) continue;
                int firstNeuron = Neuron(piece, ScorePieces), endNeuron = Neuron(piece + 1, ScorePieces);
                for (int row = 0; row < rows; row++)
                    PieceStatistics.Take(buffers.S_RF[row] + firstNeuron, endNeuron - firstNeuron, buffers.Statistics_RP3 + (row * ScorePieces + piece) * PieceStatistics.Numbers);
            }
    }

    /// <summary>Runs the active neurons.</summary>
    public void Run(DecodeStep step, int thread)
    {
        var (buffers, rows, neurons) = (step.Buffers, step.Rows.Count, layer.Neurons!);
        Span<double> thresholds = stackalloc double[DecodeLimits.MaxRows];
        for (int row = 0; row < rows; row++) thresholds[row] = gate.Threshold(buffers.S_RF[row], buffers.Statistics_RP3 + row * ScorePieces * PieceStatistics.Numbers);
        // The exact selector reads whole rows, which the pieces write over.
        if (gate.ReadsWholeRows) step.Team.Meet();
        Span<int> ends = stackalloc int[Pieces];
        while (step.Team.Claim(Pieces, out int first, out int end))
        {
            // Those of all pieces are known before the first runs, so that the rows of the next piece can be asked for while one ends.
            int length = 0, done = 0;
            Span<int> list = scratch[thread].Reserve(Neuron(end, Pieces) - Neuron(first, Pieces));
            for (int piece = first; piece < end; piece++)
            {
                int some = Select(step, piece, thresholds, list[length..]);
                neurons.Touch(list.Slice(length, some));
                ends[piece] = length += some;
            }
            for (int piece = first; piece < end; piece++)
            {
                var sums = buffers.Sums_PRD.Skip((long)piece * DecodeLimits.MaxRows);
                for (int row = 0; row < rows; row++) new Span<float>(sums[row], DecodeLimits.Padded(config.DModel)).Clear();
                neurons.Run(list[done..length], ends[piece] - done, buffers.Active_F, rows, buffers.N_RD.From(config.DModel - layer.KeyWidth), buffers.S_RF, sums);
                done = ends[piece];
            }
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

    // Lists the neurons of a piece that are active for any token, which ones in their masks, and puts what they are activated by in place of their scores.
    private int Select(DecodeStep step, int piece, ReadOnlySpan<double> thresholds, Span<int> neurons)
    {
        int first = Neuron(piece, Pieces), end = Neuron(piece + 1, Pieces);
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
        for (int neuron = first; neuron < end; neuron++)
            if (active[neuron] != 0) neurons[length++] = neuron;
        step.Activity?.Layers[index].AddUnion(length);
        step.Activity?.Pieces?.Invoke(index, first, new(active + first, end - first));
        if (step.IsSparse) return length;
        for (int neuron = first; neuron < end; neuron++)
        {
            for (int row = 0; row < step.Rows.Count; row++)
                if ((active[neuron] >> row & 1) == 0) step.Buffers.S_RF[row][neuron] = 0;
            (neurons[neuron - first], active[neuron]) = (neuron, ulong.MaxValue >> 64 - step.Rows.Count);
        }
        return end - first;
    }

    private int Panel(int piece, int pieces) => (int)((long)layer.K1.Panels * piece / pieces);

    private int Neuron(int piece, int pieces) => Math.Min(ffn.DFf, Panel(piece, pieces) * PanelMatrix.PanelRows);
}
