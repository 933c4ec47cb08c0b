using static System.Math;

namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Each optimizer with its definition, written out in double precision in the words of its source.</summary>
internal static class OptimizerReferences
{
    /// <summary>Moves the weights of a parameter and the state of each; the first of each weight's state are the slots.</summary>
    internal delegate void Definition(double[] w, double[] g, double rate, double decay, int t, double[][] state, int[] shape);

    private delegate void OfOne(ref double w, double g, double rate, double decay, int t, double[] s);

    internal static readonly Dictionary<string, (Optimizer Optimizer, Definition Definition)> All = new()
    {
        ["sgd"] = (new Sgd(), Each((ref double w, double g, double rate, double decay, int t, double[] s) => w -= rate * (g + decay * w))),
        ["momentum"] = (new Sgd { Momentum = 0.8 }, Each(Momentum)),
        ["nesterov"] = (new Sgd { Momentum = 0.8, Nesterov = true }, Each(Nesterov)),
        ["adam"] = (new Adam { Beta1 = 0.85, Beta2 = 0.99, Epsilon = 1e-3 }, Each(AdamL2)),
        ["adamw"] = (new AdamW { Beta1 = 0.85, Beta2 = 0.99, Epsilon = 1e-3 }, Each(AdamDecoupled)),
        ["adagrad"] = (new Adagrad { RateDecay = 0.1 }, Each(Adagrad)),
        ["rmsprop"] = (new RmsProp { Alpha = 0.95 }, Each(RmsProp)),
        ["rmsprop, centred, with momentum"] = (new RmsProp { Alpha = 0.95, Centered = true, Momentum = 0.7, Epsilon = 1e-3 }, Each(RmsPropCentered)),
        ["nadam"] = (new NAdam { Beta1 = 0.85, Beta2 = 0.99 }, Each(NAdam)),
        ["radam"] = (new RAdam { Beta1 = 0.85, Beta2 = 0.99 }, Each(RAdam)),
        ["adabelief"] = (new AdaBelief(), Each(AdaBelief)),
        ["adan"] = (new Adan(), Each(Adan)),
        ["lion"] = (new Lion(), Each(Lion)),
        ["admetas"] = (new AdmetaS(), Each(AdmetaS)),
        ["admetar"] = (new AdmetaR { Beta2 = 0.99, LookaheadEvery = 4 }, Each(AdmetaR)),
        ["schedule-free sgd"] = (new ScheduleFreeSgd { Beta = 0.8 }, Each(ScheduleFreeSgd)),
        ["schedule-free adamw"] = (new ScheduleFreeAdamW { Beta2 = 0.99 }, Each(ScheduleFreeAdamW)),
        ["lamb"] = (new Lamb(), ParameterReferences.Lamb),
        ["lars"] = (new Lars { Trust = 0.1 }, ParameterReferences.Lars),
        ["adamp"] = (new AdamP(), (w, g, rate, decay, t, s, shape) => ParameterReferences.AdamP(w, g, rate, decay, t, s, shape, 0.1)),
        ["adamp, often projected"] = (new AdamP { Delta = 1.5 }, (w, g, rate, decay, t, s, shape) => ParameterReferences.AdamP(w, g, rate, decay, t, s, shape, 1.5)),
        ["sgdp, often projected"] = (new SgdP { Delta = 1.5 }, (w, g, rate, decay, t, s, shape) => ParameterReferences.SgdP(w, g, rate, decay, s, shape, nesterov: false)),
        ["sgdp, nesterov"] = (new SgdP { Delta = 1.5, Nesterov = true }, (w, g, rate, decay, t, s, shape) => ParameterReferences.SgdP(w, g, rate, decay, s, shape, nesterov: true)),
        ["adafactor"] = (new Adafactor(), ParameterReferences.Adafactor),
    };

    // Weight by weight, each alone.
    private static Definition Each(OfOne one) => (w, g, rate, decay, t, state, shape) =>
    {
        for (var i = 0; i < w.Length; i++)
            one(ref w[i], g[i], rate, decay, t, state[i]);
    };

    private static void Momentum(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        s[0] = 0.8 * s[0] + (g + decay * w);
        w -= rate * s[0];
    }

    private static void Nesterov(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        s[0] = 0.8 * s[0] + decayed;
        w -= rate * (decayed + 0.8 * s[0]);
    }

    private static void AdamL2(ref double w, double g, double rate, double decay, int t, double[] s) => AdamStep(ref w, g + decay * w, rate, t, s);

    private static void AdamDecoupled(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        w -= rate * decay * w;
        AdamStep(ref w, g, rate, t, s);
    }

    // Kingma and Ba's algorithm 1, in its own words.
    private static void AdamStep(ref double w, double g, double rate, int t, double[] s)
    {
        s[0] = 0.85 * s[0] + 0.15 * g;
        s[1] = 0.99 * s[1] + 0.01 * g * g;
        var first = s[0] / (1 - Pow(0.85, t));
        var second = s[1] / (1 - Pow(0.99, t));
        w -= rate * first / (Sqrt(second) + 1e-3);
    }

    private static void Adagrad(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        s[0] += decayed * decayed;
        w -= rate / (1 + (t - 1) * 0.1) * decayed / (Sqrt(s[0]) + 1e-10);
    }

    private static void RmsProp(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        s[0] = 0.95 * s[0] + 0.05 * decayed * decayed;
        w -= rate * decayed / (Sqrt(s[0]) + 1e-8);
    }

    private static void RmsPropCentered(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        s[0] = 0.95 * s[0] + 0.05 * decayed * decayed;
        s[1] = 0.95 * s[1] + 0.05 * decayed;
        s[2] = 0.7 * s[2] + decayed / (Sqrt(s[0] - s[1] * s[1]) + 1e-3);
        w -= rate * s[2];
    }

    // torch.optim 1.13; s[2] is 1 less the product of the momenta so far, so that it starts at 0.
    private static void NAdam(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        var mu = 0.85 * (1 - 0.5 * Pow(0.96, t * 0.004));
        var next = 0.85 * (1 - 0.5 * Pow(0.96, (t + 1) * 0.004));
        s[2] = 1 - (1 - s[2]) * mu;
        s[0] = 0.85 * s[0] + 0.15 * decayed;
        s[1] = 0.99 * s[1] + 0.01 * decayed * decayed;
        var root = Sqrt(s[1] / (1 - Pow(0.99, t))) + 1e-8;
        w -= rate * (1 - mu) / s[2] * decayed / root;
        w -= rate * next / (1 - (1 - s[2]) * mu * next) * s[0] / root;
    }

    private static void RAdam(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        s[0] = 0.85 * s[0] + 0.15 * decayed;
        s[1] = 0.99 * s[1] + 0.01 * decayed * decayed;
        w -= rate * RectifiedStep(s[0], s[1], 0.85, 0.99, t);
    }

    private static double RectifiedStep(double m, double v, double beta1, double beta2, int t)
    {
        var most = 2 / (1 - beta2) - 1;
        var rho = most - 2 * t * Pow(beta2, t) / (1 - Pow(beta2, t));
        var mean = m / (1 - Pow(beta1, t));
        return rho > 5
            ? mean * Sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) * Sqrt(1 - Pow(beta2, t)) / (Sqrt(v) + 1e-8)
            : mean;
    }

    private static void AdaBelief(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        w -= rate * decay * w;
        s[0] = 0.9 * s[0] + 0.1 * g;
        s[1] = 0.999 * s[1] + 0.001 * (g - s[0]) * (g - s[0]) + 1e-16;
        w -= rate * (s[0] / (1 - Pow(0.9, t))) / (Sqrt(s[1] / (1 - Pow(0.999, t))) + 1e-16);
    }

    // Algorithm 1 in the paper's own β: 0.02, 0.08, 0.01, and its initial values m₀ = g₀, n₀ = g₀², v₁ = g₁ − g₀, which count steps from 0.
    private static void Adan(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        if (t == 1)
        {
            s[0] = g;
            s[2] = g * g;
        }
        else
        {
            var difference = g - s[3];
            s[0] = (1 - 0.02) * s[0] + 0.02 * g;
            s[1] = t == 2 ? difference : (1 - 0.08) * s[1] + 0.08 * difference;
            s[2] = (1 - 0.01) * s[2] + 0.01 * Pow(g + (1 - 0.08) * difference, 2);
        }

        s[3] = g;
        w = (w - rate / (Sqrt(s[2]) + 1e-8) * (s[0] + (1 - 0.08) * s[1])) / (1 + decay * rate);
    }

    private static void Lion(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var c = 0.9 * s[0] + 0.1 * g;
        w -= rate * (Sign(c) + decay * w);
        s[0] = 0.99 * s[0] + 0.01 * g;
    }

    // I, m, φ
    private static void AdmetaS(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        if (t == 1)
            s[2] = w;
        var decayed = g + decay * w;
        s[0] = 0.9 * s[0] + decayed;
        var h = (10 / 0.9 - 9) * decayed + (25 - 10 * (0.9 + 1 / 0.9)) * s[0];
        s[1] = 0.2 * s[1] + 0.8 * h;
        w -= rate * s[1];
        LookAhead(ref w, ref s[2], t, 6);
    }

    // m, v, I, φ
    private static void AdmetaR(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        if (t == 1)
            s[3] = w;
        s[2] = 0.2 * s[2] + g;
        var h = (10 / 0.2 - 9) * g + (25 - 10 * (0.2 + 1 / 0.2)) * s[2];
        s[0] = 0.9 * s[0] + 0.1 * h;
        s[1] = 0.99 * s[1] + 0.01 * h * h;
        w -= rate * decay * w;
        w -= rate * RectifiedStep(s[0], s[1], 0.9, 0.99, t);
        LookAhead(ref w, ref s[3], t, 4);
    }

    private static void LookAhead(ref double w, ref double slow, int t, int every)
    {
        if (t % every != 0)
            return;
        var eta = 0.8 * (1 + 1 / (0.1 * Sqrt(t) + 3.8));
        w = slow = slow + eta * (w - slow);
    }

    // z, x, and the sum of the squared rates
    private static void ScheduleFreeSgd(ref double y, double g, double rate, double decay, int t, double[] s)
    {
        if (t == 1)
            s[0] = s[1] = y;
        s[0] -= rate * (g + decay * y);
        s[2] += rate * rate;
        var c = rate * rate / s[2];
        s[1] = (1 - c) * s[1] + c * s[0];
        y = (1 - 0.8) * s[0] + 0.8 * s[1];
    }

    // z, x, v, and the sum of the squared rates
    private static void ScheduleFreeAdamW(ref double y, double g, double rate, double decay, int t, double[] s)
    {
        if (t == 1)
            s[0] = s[1] = y;
        s[2] = 0.99 * s[2] + 0.01 * g * g;
        var gamma = rate * Sqrt(1 - Pow(0.99, t));
        s[0] -= gamma * g / (Sqrt(s[2]) + 1e-8) + gamma * decay * y;
        s[3] += gamma * gamma;
        var c = gamma * gamma / s[3];
        s[1] = (1 - c) * s[1] + c * s[0];
        y = (1 - 0.9) * s[0] + 0.9 * s[1];
    }
}
