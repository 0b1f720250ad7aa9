"""Chinese names of what papers are about, as English abstracts write them. Pure."""

from __future__ import annotations

import re

# Abstracts are English: without these a Chinese interest text would have no word in common with any paper.
_ENGLISH = dict(
    line.split("=")
    for line in """\
大语言模型=large language models,LLM
大型语言模型=large language models,LLM
语言模型=language models
大模型=large language models,foundation models
基础模型=foundation models
多模态=multimodal
视觉语言模型=vision-language models
混合专家=mixture of experts,MoE
专家混合=mixture of experts,MoE
注意力=attention
状态空间模型=state space models
循环神经网络=recurrent networks
图神经网络=graph neural networks
神经网络=neural networks
卷积=convolution
自编码器=autoencoders
变分=variational
扩散模型=diffusion models
生成模型=generative models
流匹配=flow matching
对抗=adversarial
强化学习=reinforcement learning
模仿学习=imitation learning
联邦学习=federated learning
迁移学习=transfer learning
持续学习=continual learning
在线学习=online learning
元学习=meta-learning
对比学习=contrastive learning
自监督=self-supervised
半监督=semi-supervised
表示学习=representation learning
表征学习=representation learning
主动学习=active learning
上下文学习=in-context learning
预训练=pre-training
后训练=post-training
微调=fine-tuning
对齐=alignment
量化=quantization
剪枝=pruning
稀疏=sparse,sparsity
蒸馏=distillation
低秩=low-rank
压缩=compression
推理加速=inference acceleration,efficient inference
投机解码=speculative decoding
推测解码=speculative decoding
高效推理=efficient inference
缓存=cache
长上下文=long context
并行=parallelism
分布式训练=distributed training
训练动力学=training dynamics
训练动态=training dynamics
优化器=optimizers
凸优化=convex optimization
组合优化=combinatorial optimization
随机梯度=stochastic gradient
优化=optimization
泛化=generalization
缩放定律=scaling laws
可解释性=interpretability
机制可解释=mechanistic interpretability
因果=causal
最优传输=optimal transport
鲁棒=robust,robustness
不确定性=uncertainty
隐私=privacy
公平=fairness
安全=safety
幻觉=hallucination
智能体=agents
世界模型=world models
规划=planning
检索增强=retrieval-augmented
信息检索=information retrieval
推荐系统=recommendation
推荐=recommendation
知识图谱=knowledge graphs
机器翻译=machine translation
摘要=summarization
问答=question answering
语音=speech
图像分割=image segmentation
目标检测=object detection
医学影像=medical imaging
医疗=medical,clinical
遥感=remote sensing
三维=3D
视频=video
图像=image
机器人=robot,robotics
自动驾驶=autonomous driving
时间序列=time series
预测=forecasting
分子=molecules,molecular
蛋白质=protein
材料=materials
天气=weather
交通=traffic
金融=financial
教育=education
法律=legal
代码生成=code generation
数学推理=mathematical reasoning
推理=reasoning,inference
基准=benchmarks
评测=evaluation,benchmarks
数据集=datasets
综述=survey
编译=compilers
内核=kernels
记忆=memory""".splitlines()
)
_TERM = re.compile("|".join(sorted(map(re.escape, _ENGLISH), key=len, reverse=True)))


def in_english(text: str) -> str:
    """The text with each Chinese name that we know in English beside it; without Chinese it stays as it is."""
    return _TERM.sub(lambda found: f"，{found[0]}，{_ENGLISH[found[0]]}，", text)
