using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Bench;

/// <summary>The peers: the same mathematics in libtorch's own operations, as one would write it without kernels.</summary>
internal static class Composed
{
    public static Tensor StatisticalTopK(Tensor x, int k)
    {
        long d = x.shape[^1];
        double quantile = special.ndtri(tensor(1 - (double)k / d)).item<double>();
        var mean = x.mean([-1], keepdim: true);
        var variance = (x.square().mean([-1], keepdim: true) - mean.square()) * ((double)d / (d - 1));
        return nn.functional.relu(x - (mean + variance.sqrt() * quantile));
    }

    /// <summary>The exact operator: everything below the k-th largest entry becomes 0.</summary>
    public static Tensor TopKMask(Tensor x, int k)
    {
        var smallest = x.detach().topk(k, -1).values.narrow(-1, k - 1, 1);
        return x * x.detach().ge(smallest);
    }

    public static Tensor Gelu(Tensor x) => nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh);

    public static Tensor RmsNorm(Tensor x, Tensor w) => x * (x.square().mean([-1], keepdim: true) + 1e-6).rsqrt() * (1 + w);

    public static Tensor CrossEntropy(Tensor h, Tensor embed, Tensor targets, double softcap, ScalarType dtype)
    {
        var logits = nn.functional.linear(h.to(dtype), embed.to(dtype)).to(float32);
        return nn.functional.cross_entropy((logits / softcap).tanh() * softcap, targets, reduction: nn.Reduction.Sum);
    }

    public static Tensor Rotary(Tensor x_BTHE, Tensor cos, Tensor sin)
    {
        long half = x_BTHE.shape[3] / 2;
        Tensor a = x_BTHE.narrow(-1, 0, half), b = x_BTHE.narrow(-1, half, half);
        return cat([a * cos - b * sin, b * cos + a * sin], -1);
    }

    public static Tensor DenseAttention(Tensor q, Tensor k, Tensor v) =>
        nn.functional.scaled_dot_product_attention(Heads(q, 1), Heads(k, q.shape[2] / k.shape[2]), Heads(v, q.shape[2] / v.shape[2]), is_casual: true).transpose(1, 2);

    /// <summary>r = E gives top-k attention.</summary>
    public static Tensor SparkAttention(Tensor q, Tensor k, Tensor v, int r, int active, double softcap)
    {
        long length = q.shape[1], width = q.shape[3], group = q.shape[2] / k.shape[2];
        Tensor q_BHTE = Heads(q, 1), k_BHSE = Heads(k, group), v_BHSE = Heads(v, group);
        Tensor Scores(long from, long count) => einsum("bhte,bhse->bhts", q_BHTE.narrow(-1, from, count), k_BHSE.narrow(-1, from, count));
        var a = (Scores(0, r) / softcap).tanh() * softcap;
        var hidden = ones(length, length, ScalarType.Bool).triu(1);
        Tensor keep;
        using (no_grad())
        {
            var n = arange(1, length + 1, float32).unsqueeze(1);
            var visible = a.masked_fill(hidden, 0);
            var mean = visible.sum(new long[] { -1 }, keepdim: true) / n;
            var variance = (visible.square().sum(new long[] { -1 }, keepdim: true) - mean.square() * n) / (n - 1).clamp_min(1);
            var theta = (mean + variance.clamp_min(0).sqrt() * -special.ndtri((active / n).clamp_max(0.999999))).masked_fill(n.le(active), double.NegativeInfinity);
            var peak = a.masked_fill(hidden, double.NegativeInfinity).amax([-1], keepdim: true);
            keep = a.ge(minimum(theta, peak)).logical_and(hidden.logical_not());
        }
        var w = a.masked_fill(keep.logical_not(), double.NegativeInfinity).softmax(-1);
        if (r < width) w = w * nn.functional.softplus(Scores(r, width - r));
        return einsum("bhts,bhse->bthe", w, v_BHSE);
    }

    private static Tensor Heads(Tensor x_BTHE, long group) => group == 1 ? x_BTHE.transpose(1, 2) : x_BTHE.transpose(1, 2).repeat_interleave(group, 1);
}
