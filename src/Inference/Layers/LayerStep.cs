using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>
/// One block: h = x + after(attention(norm(x))), y = h + after(ffn(norm(h))), where after is a norm in Gemma-2's sandwich and nothing where norms stand before only.
/// Every thread of the team runs it; between parts they meet.
/// </summary>
internal sealed unsafe class LayerStep
{
    private readonly PackedLayer layer;
    private readonly ModelConfig config;
    private readonly AttentionStep attention;
    private readonly NeuronGate gate;
    private readonly SparseFfnStep? sparse;

    /// <summary>Prepares a layer.</summary>
    public LayerStep(PackedLayer layer, ModelConfig config, int index, ScratchList[] scratch)
    {
        (this.layer, this.config) = (layer, config);
        attention = new(layer, config, index, scratch);
        gate = NeuronGate.Of(layer.Ffn, config.TopkStdCorrection, config.TopkSelector);
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
        Project(step);
        team.Meet();
        attention.Append(step, thread);
        team.Meet();
        attention.Score(step);
        team.Meet();
        attention.Attend(step, thread);
        team.Meet();
        while (team.Claim(layer.WO.Panels, out int first, out int end)) layer.WO.Multiply(first, end, buffers.O_RHE, step.Rows.Count, buffers.Y_RD);
        team.Meet();
        Add(step, thread, layer.NormAfterAttention);
        Norm(step, thread, layer.NormBeforeFfn);
        team.Meet();
        if (sparse is null) Dense(step);
        else Sparse(sparse, step, thread);
        team.Meet();
        Add(step, thread, layer.NormAfterFfn);
    }

    private void Project(DecodeStep step)
    {
        while (step.Team.Claim(layer.WQ.Panels + layer.WK.Panels + layer.WV.Panels, out int first, out int end))
        {
            Part(layer.WQ, first, end, step.Buffers.Q_RHE);
            Part(layer.WK, first - layer.WQ.Panels, end - layer.WQ.Panels, step.Buffers.K_RGE);
            Part(layer.WV, first - layer.WQ.Panels - layer.WK.Panels, end - layer.WQ.Panels - layer.WK.Panels, step.Buffers.V_RGE);
        }

        void Part(PanelMatrix matrix, int first, int end, FloatRows target) =>
            matrix.Multiply(Math.Clamp(first, 0, matrix.Panels), Math.Clamp(end, 0, matrix.Panels), step.Buffers.N_RD, step.Rows.Count, target);
    }

    private static void Sparse(SparseFfnStep ffn, DecodeStep step, int thread)
    {
        ffn.Score(step);
        step.Team.Meet();
        ffn.Run(step, thread);
        step.Team.Meet();
        ffn.Add(step, thread);
    }

    private void Dense(DecodeStep step)
    {
        var buffers = step.Buffers;
        while (step.Team.Claim(layer.K1.Panels, out int first, out int end))
            for (int panel = first; panel < end; panel++)
            {
                layer.K1.Multiply(panel, panel + 1, buffers.N_RD, step.Rows.Count, buffers.S_RF);
                layer.K2!.Multiply(panel, panel + 1, buffers.N_RD, step.Rows.Count, buffers.U_RF);
                for (int row = 0; row < step.Rows.Count; row++) Gate(buffers.S_RF[row] + panel * PanelMatrix.PanelRows, buffers.U_RF[row] + panel * PanelMatrix.PanelRows);
            }
        step.Team.Meet();
        while (step.Team.Claim(layer.V!.Panels, out int first, out int end)) layer.V.Multiply(first, end, buffers.S_RF, step.Rows.Count, buffers.Y_RD);
    }

    private void Gate(float* s, float* u)
    {
        for (int i = 0; i < PanelMatrix.PanelRows; i += VectorMath.Lanes) gate.Multiply(s + i, u + i);
    }

    private void Norm(DecodeStep step, int thread, float[] weight)
    {
        var (first, end) = step.Team.Share(thread, step.Rows.Count);
        for (int row = first; row < end; row++) VectorOps.RmsNorm(step.Buffers.X_RD[row], weight, config.DModel, config.Norm.Eps, step.Buffers.N_RD[row]);
    }

    private void Add(DecodeStep step, int thread, float[]? weight)
    {
        var (first, end) = step.Team.Share(thread, step.Rows.Count);
        for (int row = first; row < end; row++)
        {
            if (weight is not null) VectorOps.RmsNorm(step.Buffers.Y_RD[row], weight, config.DModel, config.Norm.Eps, step.Buffers.Y_RD[row]);
            VectorMath.Add(step.Buffers.Y_RD[row], config.DModel, step.Buffers.X_RD[row]);
        }
    }
}
