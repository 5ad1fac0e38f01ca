using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>One block with Gemma-2's sandwich norms: h = x + norm(attention(norm(x))), y = h + norm(ffn(norm(h))). Every thread of the team runs it; between parts they meet.</summary>
internal sealed unsafe class LayerStep
{
    private readonly PackedLayer layer;
    private readonly ModelConfig config;
    private readonly AttentionStep attention;
    private readonly SparseFfnStep? sparse;

    /// <summary>Prepares a layer.</summary>
    public LayerStep(PackedLayer layer, ModelConfig config, int index, ScratchList[] scratch)
    {
        (this.layer, this.config) = (layer, config);
        attention = new(layer, config, index, scratch);
        if (layer.Neurons is not null) sparse = new(layer, config, index, scratch);
    }

    /// <summary>Called by one thread before a step: has all that depends on positions ready.</summary>
    public void Prepare(int positions) => attention.Prepare(positions);

    /// <summary>Runs the layer on the residual stream.</summary>
    public void Run(DecodeStep step, int thread)
    {
        var (team, buffers) = (step.Team, step.Buffers);
        Norm(step, thread, layer.NormBeforeAttention);
        team.Meet();
        Project(step, thread);
        team.Meet();
        attention.Append(step, thread);
        team.Meet();
        attention.Score(step, thread);
        team.Meet();
        attention.Attend(step, thread);
        team.Meet();
        var (first, end) = team.Share(thread, layer.WO.Panels);
        layer.WO.Multiply(first, end, buffers.O_RHE, step.Rows.Count, buffers.Y_RD);
        team.Meet();
        AddNormed(step, thread, layer.NormAfterAttention);
        Norm(step, thread, layer.NormBeforeFfn);
        team.Meet();
        if (sparse is null) Dense(step, thread);
        else Sparse(sparse, step, thread);
        team.Meet();
        AddNormed(step, thread, layer.NormAfterFfn);
    }

    private void Project(DecodeStep step, int thread)
    {
        var (first, end) = step.Team.Share(thread, layer.WQ.Panels + layer.WK.Panels + layer.WV.Panels);
        Part(layer.WQ, step.Buffers.Q_RHE);
        Part(layer.WK, step.Buffers.K_RGE);
        Part(layer.WV, step.Buffers.V_RGE);

        void Part(PanelMatrix matrix, FloatRows target)
        {
            matrix.Multiply(Math.Clamp(first, 0, matrix.Panels), Math.Clamp(end, 0, matrix.Panels), step.Buffers.N_RD, step.Rows.Count, target);
            (first, end) = (first - matrix.Panels, end - matrix.Panels);
        }
    }

    private static void Sparse(SparseFfnStep ffn, DecodeStep step, int thread)
    {
        ffn.Score(step, thread);
        step.Team.Meet();
        ffn.Run(step, thread);
        step.Team.Meet();
        ffn.Add(step, thread);
    }

    private void Dense(DecodeStep step, int thread)
    {
        var buffers = step.Buffers;
        var (first, end) = step.Team.Share(thread, layer.K1.Panels);
        for (int panel = first; panel < end; panel++)
        {
            layer.K1.Multiply(panel, panel + 1, buffers.N_RD, step.Rows.Count, buffers.S_RF);
            layer.K2!.Multiply(panel, panel + 1, buffers.N_RD, step.Rows.Count, buffers.U_RF);
            for (int row = 0; row < step.Rows.Count; row++) Gate(buffers.S_RF[row] + panel * PanelMatrix.PanelRows, buffers.U_RF[row] + panel * PanelMatrix.PanelRows);
        }
        step.Team.Meet();
        (first, end) = step.Team.Share(thread, layer.V!.Panels);
        layer.V.Multiply(first, end, buffers.S_RF, step.Rows.Count, buffers.Y_RD);
    }

    private static void Gate(float* s, float* u)
    {
        (VectorMath.Gelu(Vector512.Load(s), out _) * Vector512.Load(u)).Store(s);
        (VectorMath.Gelu(Vector512.Load(s + 16), out _) * Vector512.Load(u + 16)).Store(s + 16);
    }

    private void Norm(DecodeStep step, int thread, float[] weight)
    {
        var (first, end) = step.Team.Share(thread, step.Rows.Count);
        for (int row = first; row < end; row++) VectorOps.RmsNorm(step.Buffers.X_RD[row], weight, config.DModel, config.RmsNormEps, step.Buffers.N_RD[row]);
    }

    private void AddNormed(DecodeStep step, int thread, float[] weight)
    {
        var (first, end) = step.Team.Share(thread, step.Rows.Count);
        for (int row = first; row < end; row++)
        {
            VectorOps.RmsNorm(step.Buffers.Y_RD[row], weight, config.DModel, config.RmsNormEps, step.Buffers.Y_RD[row]);
            VectorMath.Add(step.Buffers.Y_RD[row], config.DModel, step.Buffers.X_RD[row]);
        }
    }
}
