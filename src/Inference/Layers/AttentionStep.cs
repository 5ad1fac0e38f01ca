using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>Attention of one layer between its projections: rotation, the cache, the scores of all visible keys, and the sum over values of all or of the kept ones (paper eq. 7).</summary>
internal sealed unsafe class AttentionStep
{
    // Shapes: R tokens of a step, H query heads, G key/value heads, E head, S visible keys.

    private readonly AttentionConfig config;
    private readonly int index, group, scored, restOffset;
    private readonly int? window;
    private readonly float scale;
    private readonly KeyChoice choice;
    private readonly ScratchList[] scratch;
    private RotaryTable rotary;

    /// <summary>Prepares the attention of a layer.</summary>
    public AttentionStep(PackedLayer layer, ModelConfig model, int index, ScratchList[] scratch)
    {
        (config, window, this.index, this.scratch) = (layer.Attention, layer.Window, index, scratch);
        (group, scored) = (config.NumHeads / config.NumKvHeads, config.ScoredWidth());
        restOffset = DecodeLimits.Padded(scored) + DecodeLimits.RowMargin;
        scale = (float)config.QueryScale();
        choice = new(config, model.TopkStdCorrection, model.TopkSelector);
        rotary = Rotary(1);
    }

    /// <summary>Called by one thread before a step: has the angles of so many positions ready.</summary>
    public void Prepare(int positions)
    {
        if (rotary.Positions < positions) rotary = Rotary(positions);
    }

    /// <summary>Rotates queries and keys of a thread's share, and writes keys and values into the caches.</summary>
    public void Append(DecodeStep step, int thread)
    {
        var buffers = step.Buffers;
        var (first, end) = step.Team.Share(thread, step.Rows.Count * config.NumKvHeads);
        int restPadded = DecodeLimits.Padded(config.HeadDim - scored);
        float* key = stackalloc float[buffers.QueryStride];
        for (int unit = first; unit < end; unit++)
        {
            int row = unit / config.NumKvHeads, head = unit % config.NumKvHeads, position = step.Rows.Position(row);
            for (int h = 0; h < group; h++)
                Rotate(buffers.Q_RHE[row] + (head * group + h) * config.HeadDim, position, scale, buffers.Turned_GRE[((long)head * DecodeLimits.MaxRows + row) * group + h], buffers.QueryStride);
            Rotate(buffers.K_RGE[row] + head * config.HeadDim, position, 1, key, buffers.QueryStride);
            step.Rows.Of(row).Sequence.Layer(index).Write(head, position, key, key + restOffset, buffers.V_RGE[row] + head * config.HeadDim);
        }
    }

    /// <summary>Scores the blocks of keys.</summary>
    public void Score(DecodeStep step)
    {
        int all = 0;
        foreach (var run in step.Rows.Runs) all += config.NumKvHeads * run.Blocks(window);
        while (step.Team.Claim(all, out int first, out int end)) Score(step, first, end);
    }

    private void Score(DecodeStep step, int unit, int end)
    {
        int before = 0;
        foreach (var run in step.Rows.Runs)
        {
            int blocks = run.Blocks(window), ofRun = config.NumKvHeads * blocks;
            for (; unit < end && unit < before + ofRun; unit++)
            {
                int head = (unit - before) / blocks, block = (unit - before) % blocks;
                long row = ((long)head * DecodeLimits.MaxRows + run.FirstRow) * group;
                run.Sequence.Layer(index).Score(head, run.FirstBlock(window) + block, step.Buffers.Turned_GRE.Skip(row), run.Count * group, step.Buffers.Scores_GRS.Skip(row).From(block * 32));
            }
            before += ofRun;
        }
    }

    /// <summary>Sums up values, token by token and head by head.</summary>
    public void Attend(DecodeStep step, int thread)
    {
        bool isDense = !config.HasTopk();
        int heads = isDense ? config.NumKvHeads : config.NumHeads;
        while (step.Team.Claim(step.Rows.Count * heads, out int first, out int end))
            for (int unit = first; unit < end; unit++)
            {
                if (isDense) AttendAll(step, unit / heads, unit % heads);
                else AttendKept(step, unit / heads, unit % heads, scratch[thread]);
            }
    }

    private void AttendAll(DecodeStep step, int row, int head)
    {
        var (scores, visible, from) = Visible(step, row, head, 0);
        float* sums = stackalloc float[group * DecodeLimits.Padded(config.HeadDim)];
        new Span<float>(sums, group * DecodeLimits.Padded(config.HeadDim)).Clear();
        float* inverse = stackalloc float[group];
        for (int h = 0; h < group; h++)
        {
            if (config.LogitSoftcap is { } cap) VectorOps.Softcap(scores[h], visible, (float)cap);
            inverse[h] = 1 / KeyChoice.Softmax(scores[h], visible);
            step.Activity?.Layers[index].SetKept(row * config.NumHeads + head * group + h, visible);
        }
        var rows = new FloatRows(sums, DecodeLimits.Padded(config.HeadDim));
        step.Rows.Of(row).Sequence.Layer(index).AddAll(head, from, visible, scores, group, rows);
        for (int h = 0; h < group; h++) VectorMath.Scale(rows[h], inverse[h], config.HeadDim, step.Buffers.O_RHE[row] + (head * group + h) * config.HeadDim);
    }

    private void AttendKept(DecodeStep step, int row, int head, ScratchList list)
    {
        var (scores, visible, from) = Visible(step, row, head / group, head % group);
        if (config.LogitSoftcap is { } cap) VectorOps.Softcap(scores.Start, visible, (float)cap);
        Span<int> places = list.Reserve(visible);
        float* weights = list.Numbers[0], rest = list.Numbers[1];
        int count = choice.Choose(scores.Start, visible, step.IsSparse, places, weights, out double sum, out int kept);
        step.Activity?.Layers[index].SetKept(row * config.NumHeads + head, kept);

        var cache = step.Rows.Of(row).Sequence.Layer(index);
        Span<int> rows = places[..count];
        for (int i = 0; i < count; i++) rows[i] = cache.RowOf(head / group, from + rows[i]);
        cache.Touch(rows);
        if (config.Kind.Traits().HasPredictor)
        {
            cache.Dots(rows, step.Buffers.Turned_GRE[((long)(head / group) * DecodeLimits.MaxRows + row) * group + head % group] + restOffset, rest);
            KeyChoice.TimesSoftplus(weights, rest, count);
        }
        float* total = stackalloc float[DecodeLimits.Padded(config.HeadDim)];
        new Span<float>(total, DecodeLimits.Padded(config.HeadDim)).Clear();
        cache.Add(rows, weights, total);
        VectorMath.Scale(total, (float)(1 / sum), config.HeadDim, step.Buffers.O_RHE[row] + head * config.HeadDim);
    }

    // The scores of the visible keys, in the order of their positions, for a query head and those behind it in its group; how many keys; the first one's position.
    private (FloatRows Scores, int Count, int From) Visible(DecodeStep step, int row, int kvHead, int inGroup)
    {
        var run = step.Rows.Of(row);
        int position = step.Rows.Position(row), from = Math.Max(0, position - ((window ?? int.MaxValue) - 1));
        var scores = step.Buffers.Scores_GRS.Skip(((long)kvHead * DecodeLimits.MaxRows + row) * group + inGroup).From(from - run.FirstBlock(window) * 32);
        return (scores, position - from + 1, from);
    }

    // The parts of a head side by side, each filled up with zeros; pairs are half a part apart.
    private void Rotate(float* head, int position, float factor, float* target, int stride)
    {
        new Span<float>(target, stride).Clear();
        int angles = position * (config.HeadDim / 2);
        foreach (var (first, half) in rotary.Parts)
        {
            float* a = head + first, turned = target + (first == 0 ? 0 : restOffset);
            for (int i = 0; i < half; i++)
            {
                float cosine = rotary.Cosines[angles + first / 2 + i] * factor, sine = rotary.Sines[angles + first / 2 + i] * factor;
                turned[i] = a[i] * cosine - a[half + i] * sine;
                turned[half + i] = a[half + i] * cosine + a[i] * sine;
            }
        }
    }

    private RotaryTable Rotary(int positions) => RotaryTable.Of(positions, config.HeadDim, config.PredictorDim, config.RopeTheta);
}
